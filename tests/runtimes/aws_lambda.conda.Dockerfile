# build: --build-arg FUNCTION_DIR=/function
# zip: lithops_lambda.zip entry_point.py
# imports: awslambdaric
# workdir: /function
# env: PYTHONPATH=/var/lang/lib/python3.10/site-packages:/function
# env: PATH=/var/lang/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/conda-env/bin/
# entrypoint: ["/lambda-entrypoint.sh"]
# cmd: ["handler.entry_point.lambda_handler"]
# replayed: yum, conda; the installer comes from the scripted server
# says: yum update -y
# says: yum install -y wget unzip
# says: yum clean all
# says: miniconda.sh -b -p /opt/miniconda
# says: conda update -n base -c defaults conda
# says: conda env create --file /tmp/lithops-conda.yml --prefix /opt/conda-env
# asks: repo.anaconda.com /miniconda/Miniconda3-latest-Linux-x86_64.sh 200
# file: /function/handler/entry_point.py
# file: /opt/conda-env/bin/python
FROM public.ecr.aws/lambda/python:3.10
ARG FUNCTION_DIR

RUN yum update -y && \
    yum install -y wget unzip && \
    yum clean all

RUN wget https://repo.anaconda.com/miniconda/Miniconda3-latest-Linux-x86_64.sh -o miniconda.sh && \
    sh Miniconda3-latest-Linux-x86_64.sh -b -p /opt/miniconda

COPY lithops-env.yml /tmp/lithops-conda.yml
RUN /opt/miniconda/bin/conda update -n base -c defaults conda &&  \
    /opt/miniconda/bin/conda env create --file /tmp/lithops-conda.yml --prefix /opt/conda-env

RUN /opt/conda-env/bin/pip install --upgrade --no-cache-dir --ignore-installed \
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

RUN mv /var/lang/bin/python3.10 /var/lang/bin/python3.10-clean && \
    ln -sf /opt/conda-env/bin/python /var/lang/bin/python3.10
ENV PYTHONPATH="/var/lang/lib/python3.10/site-packages:${FUNCTION_DIR}"
ENV PATH="${PATH}:/opt/conda-env/bin/"

WORKDIR ${FUNCTION_DIR}
COPY lithops_lambda.zip ${FUNCTION_DIR}

# The layout the handler expects.
RUN unzip lithops_lambda.zip \
    && rm lithops_lambda.zip \
    && mkdir handler \
    && touch handler/__init__.py \
    && mv entry_point.py handler/
CMD [ "handler.entry_point.lambda_handler" ]
