#include "feed/simulator/websocket_connection_impl.h"

namespace tradelake::feed {

template class WebsocketConnection<boost::beast::tcp_stream>;

}  // namespace tradelake::feed
