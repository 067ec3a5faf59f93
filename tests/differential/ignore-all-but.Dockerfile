# row 75: everything, then some back, with the directories above
FROM localhost/base
COPY . /all
