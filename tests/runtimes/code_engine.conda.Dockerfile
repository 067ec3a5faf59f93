# zip: lithops_codeengine.zip lithopsentry.py
# workdir: /lithops
# env: PORT=8080
# env: PYTHONUNBUFFERED=TRUE
# file: /lithops/lithopsentry.py
# absent: /lithops/lithops_codeengine.zip
# requirements: gunicorn pika flask gevent ibm-cos-sdk ibm-cloud-sdk-core ibm-vpc ibm-code-engine-sdk kubernetes redis requests PyYAML numpy cloudpickle ps-mem tblib psutil
# imports: flask
# env: FLASK_PROXY_PORT=8080
# cmd: ["/bin/sh","-c","exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsentry:proxy"]
# replayed: conda
# says: conda update -n base -y conda
# says: conda install -n base -y conda-libmamba-solver
# says: conda config --set solver libmamba
# says: conda install -c conda-forge -c anaconda -c defaults -y opencv
# says: conda clean --all
# link: /usr/local/bin/python /opt/conda/bin/python
FROM docker.io/continuumio/miniconda3:23.3.1-0

RUN echo "python==3.10.10" >> /opt/conda/conda-meta/pinned

ENV FLASK_PROXY_PORT=8080

RUN apt-get --allow-releaseinfo-change update \
        # Security fixes come first
        && apt-get upgrade -y --no-install-recommends \
        && apt-get install -y --no-install-recommends \
           unzip \
        && rm -rf /var/lib/apt/lists/* \
        && apt-cache search linux-headers-generic

RUN conda update -n base -y conda \
    && conda install -n base -y conda-libmamba-solver \
    && conda config --set solver libmamba \
    && conda install -c conda-forge -c anaconda -c defaults -y opencv \
    && conda clean --all

COPY requirements.txt requirements.txt
RUN pip install --upgrade pip setuptools six gevent \
    && pip install --no-cache-dir -r requirements.txt

# Jobs are started by this path.
RUN ln -sf /opt/conda/bin/python /usr/local/bin/python

ENV PORT=8080
ENV CONCURRENCY=1
ENV TIMEOUT=600
ENV PYTHONUNBUFFERED=TRUE

ENV APP_HOME=/lithops
WORKDIR $APP_HOME

COPY lithops_codeengine.zip .
RUN unzip lithops_codeengine.zip && rm lithops_codeengine.zip

CMD exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsentry:proxy
