B
the_lstm.hJ‰±ΎδηT=Rη-=τσ0Ύ