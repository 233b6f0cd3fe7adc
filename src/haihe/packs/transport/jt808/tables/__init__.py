"""The messages of JT/T 808 and T/JSATL 12, a file for each chapter; each row is used for decoding and for encoding."""
