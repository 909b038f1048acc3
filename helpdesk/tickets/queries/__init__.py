"""Reading tickets. Finding and authorising are one call: what an actor may not see is not found."""
