B
the_lstm.cJΒΑν½