"""`/api/v1/compute`: entries by state and the numbers counted from them, on any day. Entries: `/api/v1/registers/compute`."""

from haihe.web.api_registers import register_router

router = register_router("compute")
