"""Road transport: vehicles that report over JT/T 808, rules of the trade, cases that carriers answer."""
