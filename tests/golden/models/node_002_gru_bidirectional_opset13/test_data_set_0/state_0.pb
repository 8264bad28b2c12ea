B	the_gru.hJ:¹>Ý
>½AÂ—>ä%>