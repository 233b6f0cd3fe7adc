"""JT/T 808: how terminals in road vehicles talk to platforms (道路运输车辆卫星定位系统 终端通讯协议及数据格式; 2011, 2013, 2019).

    frame.py     flags, escaping, checksum, header
    splitter.py  a TCP stream cut into frames
    messages.py  the messages as tables (fields.py: kinds of field; location.py, items.py, active_safety.py, parameters.py, bits.py)
    codec.py     one frame ⇄ one dictionary
    protocol.py  `haihe decode jt808` and `haihe encode jt808`
    columns.py   whole batches of frames to columns (joined.py, item_columns.py, times.py, position_frame.py)
    acks.py      replies to whole batches
    build.py     valid frames for simulators

Pure Python and numpy: nothing here needs Django or a district. The codec imports no numpy either, so that the command starts at
once.
"""
