B/recurrent/LSTM.cJÉHøû'?Ó#P?ÍÃM>LÖ>∆ßE>√ù
?