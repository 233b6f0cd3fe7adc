from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "haihe.kernel"
    label = "kernel"
    verbose_name = "Haihe kernel"

    def ready(self) -> None:
        # What can be found of the kernel's own nouns registers by being imported.
        import haihe.kernel.alerts.search
        import haihe.kernel.cases.search
        import haihe.kernel.registers.search
        import haihe.kernel.rosters.search
        import haihe.kernel.search.own  # noqa: F401
