"""CUL-02, the library of key culture-creative projects: a named system with its check."""
