B
the_lstm.cJŒFl¾°7½=>Ÿºç½