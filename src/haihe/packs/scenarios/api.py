"""`/api/v1/scenarios`: entries by state and the numbers counted from them, on any day. Entries: `/api/v1/registers/scenarios`."""

from haihe.web.api_registers import register_router

router = register_router("scenarios")
