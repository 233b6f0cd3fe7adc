"""The coordination mechanism 工作协调机制: members, meetings, rounds of situation notes, decisions, the yearly ledger, the screen."""
