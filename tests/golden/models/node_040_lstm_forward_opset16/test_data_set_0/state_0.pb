B
the_lstm.cJý«a>3´j¾¢À=£´ç=