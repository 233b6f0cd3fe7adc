"""Home Assistant's side of `state.py`, run by a Python that has it: states of entities set one after the other, until its recorder wrote all.

    PYTHON_WITH_HOME_ASSISTANT state_rival.py CHANGES ENTITIES

Prints one line of JSON: version, seconds until all were set, seconds until all were committed, rows found afterwards.
"""

import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path


async def measured(folder: str, changes: int, entities: int) -> dict:
    from homeassistant import bootstrap, const, core, loader
    from homeassistant.components.recorder.tasks import CommitTask
    from homeassistant.config_entries import ConfigEntries
    from homeassistant.helpers import recorder as recorder_helper
    from homeassistant.setup import async_setup_component

    hass = core.HomeAssistant(folder)
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    recorder_helper.async_initialize_recorder(hass)
    hass.set_state(core.CoreState.running)  # else the recorder waits for the start of everything
    file = Path(folder) / "home-assistant_v2.db"
    options = {"recorder": {"db_url": f"sqlite:///{file}", "commit_interval": 1}}
    if not await async_setup_component(hass, "recorder", options):
        raise SystemExit("the recorder did not start")
    recorder = hass.data["recorder_instance"]
    await recorder.async_db_ready
    await hass.async_block_till_done()
    heard = 0

    def listen(event: core.Event) -> None:
        nonlocal heard
        heard += 1

    hass.bus.async_listen(const.EVENT_STATE_CHANGED, core.callback(listen))
    names = [f"sensor.entity_{n}" for n in range(entities)]
    began = time.perf_counter()
    for n in range(changes):
        hass.states.async_set(names[n % entities], str(n), {"unit_of_measurement": "km/h"})
        if n % 500 == 499:
            await asyncio.sleep(0)  # as between messages that arrive
            while recorder._queue.qsize() > 20_000:  # or it gives up at 65,000
                await asyncio.sleep(0.01)
    was_set = time.perf_counter() - began
    recorder.queue_task(CommitTask())  # what its clock would do within a second
    await hass.async_add_executor_job(recorder.block_till_done)
    taken = time.perf_counter() - began
    assert heard == changes, heard
    with sqlite3.connect(file) as database:
        rows = database.execute("SELECT count(*) FROM states WHERE state IS NOT NULL").fetchone()[0]
    told = {"version": const.__version__, "set_s": was_set, "committed_s": taken, "rows": rows}
    recorder.stop_requested = True
    await hass.async_stop(force=True)
    return told


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="haihe-state-rival-") as folder:
        print(json.dumps(asyncio.run(measured(folder, int(sys.argv[1]), int(sys.argv[2])))), flush=True)


if __name__ == "__main__":
    main()
