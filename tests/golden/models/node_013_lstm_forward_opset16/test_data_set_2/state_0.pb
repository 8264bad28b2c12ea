B
the_lstm.cJ˜8>Pà`½%¥ù=,Y‰¾y3^>