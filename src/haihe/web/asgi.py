"""The ASGI application that uvicorn serves (see runtime.py)."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "haihe.settings")

from django.core.asgi import get_asgi_application

from haihe.web.limits import BodyLimit

application = BodyLimit(get_asgi_application())
