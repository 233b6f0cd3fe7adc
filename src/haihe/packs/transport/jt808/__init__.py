"""JT/T 808: how terminals in road vehicles talk to platforms (道路运输车辆卫星定位系统 终端通讯协议及数据格式; 2011, 2013, 2019).

    frame.py     flags, escaping, checksum, header          splitter.py  a TCP stream cut into frames
    messages.py  the messages as tables                      bits.py      alarm and status bits
    items.py     additional items of a location              codec.py     one frame ⇄ one dictionary
    columns.py   whole batches of frames to columns          acks.py      replies to whole batches
    build.py     valid frames for simulators                 protocol.py  `haihe decode jt808`

Pure Python and numpy: nothing here needs Django or a district. Only columns.py, acks.py and build.py
import numpy, so that the command starts at once.
"""
