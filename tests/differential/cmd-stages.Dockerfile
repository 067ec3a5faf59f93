# format: docker
# row 40: CMD and ENTRYPOINT over several stages
FROM localhost/base AS one
ENTRYPOINT ["one"]
CMD ["of one"]
FROM one AS two
CMD ["of two"]
FROM two AS three
ENTRYPOINT ["three"]
FROM three AS four
LABEL a=b
FROM four
CMD ["last"]
ENTRYPOINT ["five"]
HEALTHCHECK --interval=1m30s --retries=2 CMD echo "$X" && true
