//! A common stack, whole.

use super::{complaints, load_text, objects};

pub(super) const STACK: &str = "\
name: shop
services:
  web:
    image: nginx:1.27
    command: nginx -g 'daemon off;'
    environment: [LOG=info, EMPTY]
    ports: ['8080-8089:80']
    networks: [front]
    depends_on:
      api: { condition: service_healthy }
    deploy: { replicas: 2 }
    restart: always
  api:
    image: shop/api
    environment: { DB: db }
    networks: { front: { aliases: [backend] }, back: }
    healthcheck: { test: [CMD, /check], interval: 5s }
    depends_on: { migrate: { condition: service_completed_successfully } }
    restart: unless-stopped
  migrate:
    image: shop/api
    command: [migrate]
    networks: [back]
    depends_on: [db]
  db:
    image: postgres:17
    volumes: ['data:/var/lib/postgresql/data', './init:/docker-entrypoint-initdb.d:ro']
    networks: [back]
    restart: always
networks: { front: , back: { internal: true } }
volumes: { data: }
";

#[test]
fn a_common_stack_becomes_objects() {
    let loaded = load_text(STACK);
    assert_eq!(complaints(&loaded), Vec::<String>::new());
    insta::assert_snapshot!(objects(&loaded), @r#"
    {"metadata":{"name":"back","namespace":"shop","labels":{"com.docker.compose.network":"back","com.docker.compose.project":"shop"}},"spec":{"networkName":"shop_back","internal":true}}
    {"metadata":{"name":"front","namespace":"shop","labels":{"com.docker.compose.network":"front","com.docker.compose.project":"shop"}},"spec":{"networkName":"shop_front"}}
    {"metadata":{"name":"data","namespace":"shop","labels":{"com.docker.compose.project":"shop","com.docker.compose.volume":"data"}},"spec":{"volumeName":"shop_data"}}
    {"metadata":{"name":"api","namespace":"shop"},"spec":{"dependsOn":[{"name":"migrate","condition":"Completed"}],"template":{"metadata":{"labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"api"},"ordinalLabels":["com.docker.compose.container-number"]},"container":{"image":"shop/api","env":[{"name":"DB","value":"db"}],"healthCheck":{"test":["CMD","/check"],"interval":"5s"}},"restartPolicy":"Always","terminationGracePeriodSeconds":10,"networks":[{"name":"front","aliases":["backend"]},{"name":"back"}]}}}
    {"metadata":{"name":"db","namespace":"shop"},"spec":{"template":{"metadata":{"labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"db"},"ordinalLabels":["com.docker.compose.container-number"]},"container":{"image":"postgres:17","volumeMounts":[{"name":"var-lib-postgresql-data","mountPath":"/var/lib/postgresql/data"},{"name":"docker-entrypoint-initdb-d","mountPath":"/docker-entrypoint-initdb.d","readOnly":true}]},"restartPolicy":"Always","terminationGracePeriodSeconds":10,"networks":[{"name":"back"}],"volumes":[{"name":"var-lib-postgresql-data","volume":{"name":"data"}},{"name":"docker-entrypoint-initdb-d","hostPath":{"path":"./init","create":true}}]}}}
    {"metadata":{"name":"web","namespace":"shop"},"spec":{"replicas":2,"dependsOn":[{"name":"api","condition":"Ready"}],"template":{"metadata":{"labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"web"},"ordinalLabels":["com.docker.compose.container-number"]},"container":{"image":"nginx:1.27","args":["nginx","-g","daemon off;"],"env":[{"name":"EMPTY","unset":true},{"name":"LOG","value":"info"}],"ports":[{"containerPort":80,"hostPort":"8080-8089"}]},"restartPolicy":"Always","terminationGracePeriodSeconds":10,"networks":[{"name":"front"}]}}}
    {"metadata":{"name":"migrate","namespace":"shop"},"spec":{"backoffLimit":0,"dependsOn":[{"name":"db"}],"template":{"metadata":{"labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"migrate"},"ordinalLabels":["com.docker.compose.container-number"]},"container":{"image":"shop/api","args":["migrate"]},"restartPolicy":"Never","terminationGracePeriodSeconds":10,"networks":[{"name":"back"}]}}}
    "#);
}
