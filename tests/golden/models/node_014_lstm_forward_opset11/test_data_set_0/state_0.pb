B
the_lstm.cJñ¤º¼îCk¾usƒ¾„Ó«>.¯Š¾