B
the_lstm.cJ]¹½