#!/bin/sh
# run.sh master|worker: one process of the Spark cluster, configured for the lake that the environment names.
set -eu
role=$1
umask 077
mkdir -p "$SPARK_CONF_DIR"
python3 /opt/tradelake/deploy/spark/settings.py /opt/spark/jars > "$SPARK_CONF_DIR/spark-defaults.conf"
class=org.apache.spark.deploy
case $role in
  master) exec "$SPARK_HOME/bin/spark-class" $class.master.Master --host spark-master --port 7077 --webui-port 8080 ;;
  worker) exec "$SPARK_HOME/bin/spark-class" $class.worker.Worker --host spark-worker --webui-port 8081 \
            --cores 2 --memory 2g spark://spark-master:7077 ;;
  *) echo "run.sh master|worker" >&2; exit 2 ;;
esac
