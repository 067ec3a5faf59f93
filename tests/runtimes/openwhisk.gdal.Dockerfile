# build: --build-arg RSYNC_REMOTE=
# replayed: apt-get, cmake, make, autogen.sh and configure: Ubuntu 18.04 and its compilers; sources come from the scripted server
# imports: json
# cmd: ["/bin/bash","-c","cd /pythonAction && python3 -u pythonrunner.py"]
# env: LD_LIBRARY_PATH=/usr/local/lib
# file: /usr/lib/libopenjpeg-2.3.1.so.1
# file: /usr/lib/libproj.so.1
# file: /usr/local/share/proj/grid
# absent: /build_thirdparty
# asks: github.com /uclouvain/openjpeg/archive/v2.3.1.tar.gz 200
# asks: github.com /OSGeo/proj.4/archive/master.tar.gz 200
# says: apt-get update -y
# says: apt-get install -y --fix-missing --no-install-recommends python3-pip python3-setuptools libhdf5-100
# A compiled library in a first stage, of which the second copies the results.
ARG PROJ_INSTALL_PREFIX=/usr/local

FROM ubuntu:18.04 as builder

RUN apt-get update -y \
    && apt-get install -y --fix-missing --no-install-recommends \
            software-properties-common build-essential ca-certificates \
            git make cmake wget unzip libtool automake

# An optional part: none of it when its version is empty
ARG OPENJPEG_VERSION=2.3.1
RUN if test "${OPENJPEG_VERSION}" != ""; then ( \
    wget -q https://github.com/uclouvain/openjpeg/archive/v${OPENJPEG_VERSION}.tar.gz \
    && tar xzf v${OPENJPEG_VERSION}.tar.gz \
    && rm -f v${OPENJPEG_VERSION}.tar.gz \
    && cd openjpeg-${OPENJPEG_VERSION} \
    && cmake . -DBUILD_SHARED_LIBS=ON  -DBUILD_STATIC_LIBS=OFF -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_INSTALL_PREFIX=/usr \
    && make -j$(nproc) \
    && make install \
    && mkdir -p /build_thirdparty/usr/lib \
    && cp -P /usr/lib/libopenjp*.so* /build_thirdparty/usr/lib \
    && for i in /build_thirdparty/usr/lib/*; do strip -s $i 2>/dev/null || /bin/true; done \
    && cd .. \
    && rm -rf openjpeg-${OPENJPEG_VERSION} \
    ); fi

ARG PROJ_INSTALL_PREFIX
ARG PROJ_DATUMGRID_LATEST_LAST_MODIFIED
RUN \
    mkdir -p /build_projgrids/${PROJ_INSTALL_PREFIX}/share/proj \
    && wget -q https://download.osgeo.org/proj/grid -O /build_projgrids/${PROJ_INSTALL_PREFIX}/share/proj/grid

ARG RSYNC_REMOTE
ARG PROJ_VERSION=master
RUN mkdir proj \
    && wget -q https://github.com/OSGeo/proj.4/archive/${PROJ_VERSION}.tar.gz -O - \
        | tar xz -C proj --strip-components=1 \
    && cd proj \
    && ./autogen.sh \
    && if test "${RSYNC_REMOTE}" != ""; then \
        echo "Downloading cache..."; \
        export CC="ccache gcc"; \
    fi \
    && CFLAGS='-DPROJ_RENAME_SYMBOLS -O2' CXXFLAGS='-DPROJ_RENAME_SYMBOLS -O2' \
        ./configure --prefix=${PROJ_INSTALL_PREFIX} --disable-static \
    && make -j$(nproc) \
    && DESTDIR="/build_thirdparty" make install \
    && cd .. \
    && rm -rf proj

FROM ubuntu:18.04 as runner

RUN date
RUN apt-get update -y \
    && apt-get install -y --fix-missing --no-install-recommends \
        python3-pip python3-setuptools libhdf5-100 \
    && rm -rf /var/lib/apt/lists/*

ARG PROJ_INSTALL_PREFIX
COPY --from=builder  /build_thirdparty/usr/ /usr/
COPY --from=builder  /build_projgrids/${PROJ_INSTALL_PREFIX}/ ${PROJ_INSTALL_PREFIX}/
ENV LD_LIBRARY_PATH=${PROJ_INSTALL_PREFIX}/lib

CMD ["/bin/bash", "-c", "cd /pythonAction && python3 -u pythonrunner.py"]
