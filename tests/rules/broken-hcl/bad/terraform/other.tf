<<<<<<< HEAD
locals {}
=======
>>>>>>> other
