module practicus.example/benchmark

go 1.19
