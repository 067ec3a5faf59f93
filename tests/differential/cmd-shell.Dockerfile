# rows 41 43: shell forms
FROM localhost/base
CMD echo $HOME && exit
ENTRYPOINT ['single', 'quotes']
