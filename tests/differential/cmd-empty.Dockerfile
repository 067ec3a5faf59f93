# row 42: an empty list clears
FROM localhost/base AS first
ENTRYPOINT ["old"]
CMD ["old"]
FROM first
CMD []
ENTRYPOINT []
