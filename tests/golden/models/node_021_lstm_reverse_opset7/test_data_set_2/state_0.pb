B
the_lstm.cJ“	Ã=±Á†;©óÌ=qÓ½ŠŞ=