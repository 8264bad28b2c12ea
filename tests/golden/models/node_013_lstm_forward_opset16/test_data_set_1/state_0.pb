B
the_lstm.cJNO!?;¼ü¾pÛ¾†Æ?3"?