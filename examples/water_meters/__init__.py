"""An invented frame of water meters: a protocol for `haihe decode` and `haihe encode`."""
