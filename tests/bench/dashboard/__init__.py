"""Parts of `bench_dashboard`: an invented recorder on a real socket, what is looked at, and how it is measured."""
