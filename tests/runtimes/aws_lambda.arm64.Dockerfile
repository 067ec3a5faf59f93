# zip: lithops_lambda.zip entry_point.py
# imports: awslambdaric numpy scipy pandas kafka
# workdir: /function
# cmd: ["handler.entry_point.lambda_handler"]
# file: /function/handler/entry_point.py
# file: /function/handler/__init__.py
# absent: /function/entry_point.py
# entrypoint: ["/usr/local/bin/python","-m","awslambdaric"]
# replayed: apt-get: no such base has one
# says: apt-get update
# says: apt-get install -y --no-install-recommends build-essential unzip vim
# says: apt-cache search linux-headers-generic
FROM public.ecr.aws/lambda/python:3.12-arm64

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        build-essential \
        unzip \
        vim \
    && rm -rf /var/lib/apt/lists/* \
    && apt-cache search linux-headers-generic

RUN pip install --upgrade pip six && \
    pip install --no-cache-dir \
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

ARG FUNCTION_DIR="/function"
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
