"""What is made of trials after they were written: each follower finds here what it has not seen yet."""
