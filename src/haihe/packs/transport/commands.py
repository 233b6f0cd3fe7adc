"""`haihe simulate transport`: a fleet of simulated terminals that speak JT/T 808 over real TCP. Everything it sends is synthetic."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from haihe.packs.transport.jt808.build import Terminal
    from haihe.packs.transport.simulator.fleet import Tally

NAME = "transport"
out = Console(highlight=False)


def simulate(
    vehicles: Annotated[int, typer.Option(help="车辆数 number of vehicles", min=1, max=20_000)] = 50,
    every_s: Annotated[float, typer.Option(help="上报间隔（秒） seconds between reports", min=0.05)] = 10.0,
    host: Annotated[str, typer.Option(help="网关地址 address of the gateway")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 port; 0: as this district listens")] = 0,
    seconds: Annotated[float, typer.Option(help="运行多久，0 为一直运行 for how long, 0 for ever")] = 0.0,
) -> None:
    """模拟车辆：登记（标为模拟）、注册、鉴权、上报位置。 Register synthetic vehicles and drive them."""
    from haihe.runtime import set_up_django

    set_up_django()
    from haihe import settings
    from haihe.kernel.feeds.feed import all_feeds, ports_of
    from haihe.packs.transport.simulator.fleet import drive
    from haihe.packs.transport.simulator.world import World

    with out.status("正在登记模拟车辆… Registering synthetic vehicles …"):
        terminals = _terminals(vehicles)
    port = port or ports_of(all_feeds(), settings.value_of("HAIHE_FEED_PORTS"))["jt808"]
    rounds = 0

    def tell(tally: Tally) -> None:
        nonlocal rounds
        rounds += 1
        out.print(
            f"在线 connected {tally.connected}/{vehicles}  已发 sent {tally.sent}  已应答 acknowledged {tally.acknowledged}",
            end="\r",
        )
        for text in tally.texts:
            out.print(f"\n收到文本 text received: {text}", markup=False)
        tally.texts.clear()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            drive(
                terminals,
                World(vehicles),
                host,
                port,
                every_s=every_s,
                tell=tell,
                until=lambda _: bool(seconds) and rounds * every_s >= seconds,
            )
        )
    out.print()


def _terminals(count: int) -> list[Terminal]:
    """The first `count` synthetic terminals, registered as far as they are missing."""
    from haihe.kernel.administration import operator
    from haihe.packs.transport.simulator.registering import (
        count_synthetic,
        register_synthetic,
        synthetic_carrier,
        synthetic_terminals,
    )

    known = count_synthetic()
    if known < count:
        account = operator()
        register_synthetic(account, synthetic_carrier(account), count=count - known, first=known)
    return synthetic_terminals(count)
