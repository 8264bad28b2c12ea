B
the_lstm.cJµä½IU¾Wý®¾;>