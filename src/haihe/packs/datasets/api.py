"""`/api/v1/datasets`: entries by state and the numbers counted from them, on any day. Entries: `/api/v1/registers/datasets`."""

from haihe.web.api_registers import register_router

router = register_router("datasets")
