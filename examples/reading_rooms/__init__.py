"""Public reading rooms and the books they lend: a register with a number counted from it."""
