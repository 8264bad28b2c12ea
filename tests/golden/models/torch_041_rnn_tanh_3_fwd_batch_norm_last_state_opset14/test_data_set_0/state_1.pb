B/recurrent/RNN_1.hJ±‡û»
	j=s‡ ½·ßñ½jÈ=