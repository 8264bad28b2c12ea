B/recurrent/GRU.hJ.¿Q:8¾¯y³=ó!ó¾¹‰
?