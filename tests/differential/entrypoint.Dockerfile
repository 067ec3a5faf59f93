# row 40: ENTRYPOINT clears an inherited CMD
FROM localhost/base AS first
ENTRYPOINT ["old"]
CMD ["inherited"]
FROM first
ENTRYPOINT ["new"]
