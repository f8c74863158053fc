"""Private mail servers on loopback, a sink behind them and the filter beside them: what the tests and the trial share."""
