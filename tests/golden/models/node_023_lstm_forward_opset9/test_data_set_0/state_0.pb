B
the_lstm.cJ©Ö=