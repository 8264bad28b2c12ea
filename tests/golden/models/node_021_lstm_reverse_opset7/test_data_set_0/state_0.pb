B
the_lstm.cJv˜H>ÉU=YèL¾«¾µ¾