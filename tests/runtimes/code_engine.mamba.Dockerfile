# zip: lithops_codeengine.zip lithopsentry.py
# workdir: /lithops
# env: PORT=8080
# env: PYTHONUNBUFFERED=TRUE
# file: /lithops/lithopsentry.py
# absent: /lithops/lithops_codeengine.zip
# imports: flask sklearn
# env: PATH=/opt/conda-env/bin/:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
# cmd: ["/bin/sh","-c","exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsentry:proxy"]
# replayed: conda, mamba; the installer comes from the scripted server
# says: miniconda.sh -b -p /opt/miniconda
# says: conda install -c conda-forge -y mamba
# says: mamba env create --file /tmp/lithops-conda.yml --prefix /opt/conda-env
# says: mamba clean --all
# asks: repo.anaconda.com /miniconda/Miniconda3-latest-Linux-x86_64.sh 200
# absent: /Miniconda3-latest-Linux-x86_64.sh
FROM python:3.10-slim-bookworm

RUN apt-get update \
    && apt-get install -y wget unzip git \
    && rm -rf /var/lib/apt/lists/* \
    && apt-cache search linux-headers-generic

RUN wget https://repo.anaconda.com/miniconda/Miniconda3-latest-Linux-x86_64.sh -o miniconda.sh && \
    sh Miniconda3-latest-Linux-x86_64.sh -b -p /opt/miniconda && \
    rm miniconda.sh Miniconda3-latest-Linux-x86_64.sh

COPY lithops-env-py311.yml /tmp/lithops-conda.yml
RUN /opt/miniconda/bin/conda install -c conda-forge -y mamba && \
    /opt/miniconda/bin/conda install -c anaconda -y git && \
    /opt/miniconda/bin/conda update -n base -c defaults -y conda && \
    /opt/miniconda/bin/conda clean --all && \
    /opt/miniconda/bin/mamba env create --file /tmp/lithops-conda.yml --prefix /opt/conda-env && \
    /opt/miniconda/bin/mamba clean --all

RUN /opt/conda-env/bin/pip install --upgrade --no-cache-dir --ignore-installed \
    gunicorn \
    flask \
    pika \
    boto3 \
    ibm-cloud-sdk-core \
    ibm-cos-sdk \
    sklearn \
    diskcache \
    redis \
    gevent \
    requests \
    PyYAML \
    numpy \
    cloudpickle \
    ps-mem \
    tblib \
    psutil \
    kubernetes

RUN ln -sf /opt/conda-env/bin/python /usr/local/bin/python
ENV PATH="/opt/conda-env/bin/:${PATH}"

ENV PORT=8080
ENV CONCURRENCY=1
ENV TIMEOUT=600
ENV PYTHONUNBUFFERED=TRUE

ENV APP_HOME=/lithops
WORKDIR $APP_HOME

COPY lithops_codeengine.zip .
RUN unzip lithops_codeengine.zip && rm lithops_codeengine.zip

CMD exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsentry:proxy
