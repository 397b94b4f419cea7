export APP_NODE_USER="node"
export APP_NODE_IP="10.21.0.9"
export APP_NODE_PORT="80"
