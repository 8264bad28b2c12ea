B
left_stateJÓÈ>Q´¾Ó»‰=42>ôw¿