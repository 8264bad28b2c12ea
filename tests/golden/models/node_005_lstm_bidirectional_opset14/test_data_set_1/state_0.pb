B
the_lstm.cJw‚-¾