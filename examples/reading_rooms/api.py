from haihe.web.api_registers import register_router

router = register_router("reading_rooms")
