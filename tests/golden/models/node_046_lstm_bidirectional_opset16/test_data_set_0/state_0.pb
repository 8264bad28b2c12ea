B
the_lstm.cJW`È=