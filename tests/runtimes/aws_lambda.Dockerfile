# zip: lithops_lambda.zip entry_point.py
# imports: awslambdaric numpy scipy pandas kafka
# workdir: /function
# cmd: ["handler.entry_point.lambda_handler"]
# file: /function/handler/entry_point.py
# file: /function/handler/__init__.py
# absent: /function/entry_point.py
# entrypoint: ["/usr/local/bin/python","-m","awslambdaric"]
FROM python:3.10-slim-trixie

RUN apt-get update \
    # What some wheels are compiled with
    && apt-get install -y \
      g++ \
      make \
      cmake \
      unzip \
    && rm -rf /var/lib/apt/lists/* \
    && apt-cache search linux-headers-generic

ARG FUNCTION_DIR="/function"
RUN mkdir -p ${FUNCTION_DIR}

RUN pip install --upgrade --ignore-installed pip wheel six setuptools \
    && pip install --upgrade --no-cache-dir --ignore-installed \
        awslambdaric \
        boto3 \
        redis \
        httplib2 \
        requests \
        numpy \
        scipy \
        pandas \
        pika \
        kafka-python \
        cloudpickle \
        ps-mem \
        tblib \
        psutil

WORKDIR ${FUNCTION_DIR}
COPY lithops_lambda.zip ${FUNCTION_DIR}

# The layout the handler expects.
RUN unzip lithops_lambda.zip \
    && rm lithops_lambda.zip \
    && mkdir handler \
    && touch handler/__init__.py \
    && mv entry_point.py handler/
ENTRYPOINT [ "/usr/local/bin/python", "-m", "awslambdaric" ]
CMD [ "handler.entry_point.lambda_handler" ]
