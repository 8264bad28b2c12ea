B
the_lstm.hJ¦÷‡½