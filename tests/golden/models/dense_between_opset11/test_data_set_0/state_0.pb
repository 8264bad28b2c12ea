Bfirst.cJ
o»>Ë,Ô=FRj>9‡v?·‰¼J,Ã¾.o¿