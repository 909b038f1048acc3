"""What tests stand on: databases, real servers, a real browser, counters and guards."""
